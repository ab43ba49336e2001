declare module "cytoscape-fcose" {
  const register: unknown;
  export default register;
}
