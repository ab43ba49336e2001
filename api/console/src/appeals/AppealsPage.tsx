export default function Page(_: { id?: string }) { return <h1>Appeals</h1>; }
