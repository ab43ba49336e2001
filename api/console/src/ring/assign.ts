/** Taking a ring and giving it back; who changed it first wins, and the other is told. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useSession } from "../shell/session";
import { useToast } from "../shell/toasts";
import { changeRing } from "../wire/cases";
import { isProblem } from "../wire/client";
import type { RingDetail } from "../wire/types";

export interface Assign {
  toMe: () => void;
  toNobody: () => void;
  busy: boolean;
}

export function useAssign(ring: RingDetail | undefined): Assign {
  const { me, refusal } = useSession();
  const cache = useQueryClient();
  const toast = useToast();
  const change = useMutation({
    mutationFn: async (assignee: string | null) => {
      if (ring) await changeRing(ring, { assignee });
    },
    onError: (error) =>
      toast(isProblem(error, 412) ? "Somebody changed this ring meanwhile; it was read again" : error.message),
    onSettled: () => {
      void cache.invalidateQueries({ queryKey: ["ring", ring?.id] });
      void cache.invalidateQueries({ queryKey: ["rings"] });
    },
  });
  const refused = refusal("investigator");
  return {
    toMe: () => !refused && ring && ring.assignee !== me.user && change.mutate(me.user),
    toNobody: () => !refused && change.mutate(null),
    busy: change.isPending,
  };
}
