/** Notes of people on the ring; they are added, and an edit keeps what stood before. */
import { Button, Textarea } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Failure, Loading } from "../parts/States";
import { minute } from "../pure/format";
import { useSession } from "../shell/session";
import { addNote, notesOf } from "../wire/cases";

export function Notes({ ringId }: { ringId: string }) {
  const notes = useQuery({ queryKey: ["ring", ringId, "notes"], queryFn: () => notesOf(ringId) });
  const { refusal } = useSession();
  const cache = useQueryClient();
  const [text, setText] = useState("");
  const add = useMutation({
    mutationFn: () => addNote(ringId, text.trim()),
    onSuccess: () => {
      setText("");
      return cache.invalidateQueries({ queryKey: ["ring", ringId, "notes"] });
    },
  });
  const why = refusal("investigator");
  return (
    <>
      <form
        className="note stack"
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate();
        }}
      >
        <Textarea
          aria-label="A note"
          placeholder={why ?? "What should the next person know?"}
          autosize
          minRows={2}
          maxRows={8}
          maxLength={4000}
          disabled={why !== null}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <div className="spread">
          <span className="small bad" role="alert">
            {add.error?.message}
          </span>
          <Button type="submit" loading={add.isPending} disabled={!text.trim()}>
            Add note
          </Button>
        </div>
      </form>
      {notes.isPending ? (
        <Loading rows={3} />
      ) : notes.error ? (
        <Failure error={notes.error} what="list of notes" onRetry={() => void notes.refetch()} />
      ) : notes.data.items.length === 0 ? (
        <p className="dim panel-body">No notes yet.</p>
      ) : (
        notes.data.items.map((note) => (
          <article key={note.id} className="note">
            <div className="small dim">
              <strong>{note.author}</strong> · {minute(note.created_at)}
              {note.edited_at && ` · edited ${minute(note.edited_at)}`}
            </div>
            <p>{note.text}</p>
          </article>
        ))
      )}
    </>
  );
}
