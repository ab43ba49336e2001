/** The ring with some of its identifiers imagined away: score, evidence and members that are left. */
import { Modal } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { EntityName, Score } from "../parts/Pieces";
import { Failure, Loading } from "../parts/States";
import { plural, sentence, words } from "../pure/format";
import { client, got } from "../wire/client";

interface Props {
  ringId: string;
  without: string[];
  onClose: () => void;
}

export function WhatIf({ ringId, without, onClose }: Props) {
  const told = useQuery({
    queryKey: ["ring", ringId, "what-if", without],
    queryFn: ({ signal }) =>
      got(
        client.POST("/v1/rings/{ring_id}/whatif", {
          params: { path: { ring_id: ringId } },
          body: { without },
          signal,
        }),
      ),
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title="What if these were not counted?"
      size="lg"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <div className="stack">
        <div className="row wrap">
          {without.slice(0, 8).map((id) => (
            <EntityName key={id} id={id} link={false} withKind />
          ))}
          {without.length > 8 && <span className="dim">and {without.length - 8} more</span>}
        </div>
        {told.isPending ? (
          <Loading rows={4} />
        ) : told.error ? (
          <Failure error={told.error} what="what-if" onRetry={() => void told.refetch()} />
        ) : (
          <>
            <div className="row">
              <Score value={told.data.score_before} />
              <span aria-label="becomes">→</span>
              <Score value={told.data.score} />
              <strong>{told.data.flagged ? "It would still be flagged" : "It would not be flagged"}</strong>
            </div>
            <table className="data" aria-label="Kinds of evidence before and after">
              <thead>
                <tr>
                  <th>Evidence</th>
                  <th className="num">Now</th>
                  <th className="num">Without</th>
                </tr>
              </thead>
              <tbody>
                {Object.entries(told.data.families_before).map(([name, before]) => (
                  <tr key={name}>
                    <td>{words(name)}</td>
                    <td className="num">{before.toFixed(1)}</td>
                    <td className="num">{(told.data.families[name] ?? 0).toFixed(1)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
            {told.data.lost.map((reason) => (
              <p key={reason.code} className="dim">
                Lost: {sentence(reason.text)}
              </p>
            ))}
            <p>
              {told.data.pieces.length > 1
                ? `It falls into ${plural(told.data.pieces.length, "piece")} of ${told.data.pieces.map((piece) => piece.length).slice(0, 6).join(", ")} accounts`
                : "It holds together"}
              {told.data.left_out.length > 0 && `; ${plural(told.data.left_out.length, "account")} tied to nobody any more`}.
            </p>
          </>
        )}
      </div>
    </Modal>
  );
}
