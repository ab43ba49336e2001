from tests.api.test_parity import *
from gnn.features import SIGNUP_COLUMNS
def test_dbg(tmp_path):
    raw, clean = lived(150)
    s = clean.read("signups"); half = s["at"][s.num_rows // 2].as_py()
    rep = by_replay(clean, half)
    n=0
    order=s["account_id"].to_pylist(); at=dict(zip(order,s["at"].to_pylist())); dev=dict(zip(order,s["device"].to_pylist()))
    for i,(a,(row,score)) in enumerate(over_http(raw, clean, half, tmp_path)):
        r=rep[a][0]
        d=[(c,float(x),float(y)) for c,x,y in zip(SIGNUP_COLUMNS,row,r) if not (abs(x-y)<1e-6 or (np.isnan(x) and np.isnan(y)))]
        if d:
            n+=1
            if n<6:
                print(i,a,at[a],half,d)
                print("  same device signups",[(k,at[k]) for k in order if dev[k]==dev[a]])
                se=clean.read("sessions").to_pylist(); print("  sessions",[(x["account_id"],x["at"]) for x in se if x["device"]==dev[a]][:6])
    print(n)
