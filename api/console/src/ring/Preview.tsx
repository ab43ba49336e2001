/** What a dry run says: how many it hits, who is protected, who looks honest. */
import type { UseQueryResult } from "@tanstack/react-query";
import { EntityName } from "../parts/Pieces";
import { type Action, WORDING } from "../pure/deciding";
import { count } from "../pure/format";
import { isProblem } from "../wire/client";
import type { Decision } from "../wire/types";

interface Props {
  action: Action;
  preview: UseQueryResult<Decision>;
  out: number;
  total: number;
}

export function Preview({ action, preview, out, total }: Props) {
  const said = preview.data;
  if (!said) {
    const why =
      preview.error && !isProblem(preview.error, 409)
        ? `The dry run failed: ${preview.error.message}`
        : "Trying it out…";
    return (
      <p className="dim" role="status">
        {why}
      </p>
    );
  }
  const honest = said.honest_looking;
  return (
    <>
      <div className="facts" role="status" aria-label="What it would do">
        <Fact n={said.affected} of={`of ${count(total)} would be ${WORDING[action].done}`} />
        <Fact n={said.already} of="already are" />
        <Fact n={said.protected.length} of="protected, left alone" />
        <Fact n={out} of="left out by you" />
      </div>
      {(honest.length > 0 || said.protected.length > 0) && (
        <div className="collateral" tabIndex={0} role="group" aria-label="Look at these first">
          <ul>
            {said.protected.map(({ id, why }) => (
              <li key={id}>
                <EntityName id={prefixed(id)} link={false} />
                <span className="pill good">protected</span>
                <span className="small dim">{why}</span>
              </li>
            ))}
            {honest.map(({ id, why }) => (
              <li key={id}>
                <EntityName id={prefixed(id)} link={false} />
                <span className="pill warn">looks honest</span>
                <span className="small dim">{why}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

const prefixed = (id: string): string => (id.includes(":") ? id : `account:${id}`);

function Fact({ n, of }: { n: number; of: string }) {
  return (
    <div className="fact">
      <b className="tnum">{count(n)}</b>
      <span className="small dim">{of}</span>
    </div>
  );
}
