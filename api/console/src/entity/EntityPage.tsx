export default function Page(_: { id?: string }) { return <h1>Entity</h1>; }
