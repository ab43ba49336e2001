/** What a screen shows, under a name: a menu of saved states, own and shared. */
import { ActionIcon, Button, Checkbox, Menu, Modal, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { dropView, saveView, views } from "../wire/cases";
import { useSession } from "../shell/session";
import { useToast } from "../shell/toasts";
import { CloseIcon, SaveIcon } from "./icons";

interface Props {
  screen: string;
  state: Record<string, unknown>;
  onApply: (state: Record<string, unknown>) => void;
}

export function Saved({ screen, state, onApply }: Props) {
  const [naming, setNaming] = useState(false);
  const [name, setName] = useState("");
  const [shared, setShared] = useState(false);
  const { me } = useSession();
  const cache = useQueryClient();
  const toast = useToast();
  const held = useQuery({ queryKey: ["views"], queryFn: views, staleTime: 60_000 });
  const mine = (held.data?.items ?? []).filter((view) => view.state.screen === screen && view.name !== "exploration");
  const save = useMutation({
    mutationFn: () => saveView(name.trim(), { screen, ...state }, shared),
    onSuccess: (view) => {
      toast(`Saved as ${view.name}`);
      setNaming(false);
      setName("");
      return cache.invalidateQueries({ queryKey: ["views"] });
    },
  });
  const drop = useMutation({
    mutationFn: dropView,
    onSuccess: () => cache.invalidateQueries({ queryKey: ["views"] }),
  });
  return (
    <>
      <Menu width={280}>
        <Menu.Target>
          <Button variant="default" leftSection={<SaveIcon size={14} />}>
            Saved
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {mine.map((view) => (
            <div key={view.id} className="row" style={{ gap: 0 }}>
              <Menu.Item className="grow" onClick={() => onApply(stateOf(view.state))}>
                {view.name} {view.shared && <span className="dim small">shared</span>}
              </Menu.Item>
              {view.owner === me.id && (
                <ActionIcon aria-label={`Forget ${view.name}`} onClick={() => drop.mutate(view.id)}>
                  <CloseIcon size={13} />
                </ActionIcon>
              )}
            </div>
          ))}
          {mine.length === 0 && <Menu.Label>Nothing saved yet</Menu.Label>}
          <Menu.Divider />
          <Menu.Item onClick={() => setNaming(true)}>Save what you see…</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal opened={naming} onClose={() => setNaming(false)} title="Save what you see" size="sm" closeButtonProps={{ "aria-label": "Close" }}>
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            save.mutate();
          }}
        >
          <TextInput label="Name" size="sm" data-autofocus required maxLength={80} value={name} onChange={(event) => setName(event.currentTarget.value)} />
          <Checkbox label="Everybody may open it" checked={shared} onChange={(event) => setShared(event.currentTarget.checked)} />
          <div className="row" style={{ justifyContent: "flex-end" }}>
            <Button type="submit" size="sm" loading={save.isPending} disabled={!name.trim()}>
              Save
            </Button>
          </div>
        </form>
      </Modal>
    </>
  );
}

function stateOf({ screen: _, ...state }: Record<string, unknown>): Record<string, unknown> {
  return state;
}
