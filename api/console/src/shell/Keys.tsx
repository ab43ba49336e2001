/** Every shortcut, from the table the listener reads. */
import { Modal } from "@mantine/core";
import { BINDINGS, type Binding } from "../pure/keys";

const GROUPS: Binding["group"][] = ["Anywhere", "Lists", "A ring", "Graph and view"];

export function Keys({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title="Keys"
      size="lg"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <div className="keys-grid">
        {GROUPS.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {BINDINGS.filter((binding) => binding.group === group).map((binding) => (
                <div key={binding.keys} className="spread">
                  <dt>{binding.says}</dt>
                  <dd>
                    {binding.keys.split(" ").map((key) => (
                      <kbd key={key}>{key === "Escape" ? "Esc" : key}</kbd>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <p className="dim small">
        Off while you type. On the focused graph the arrow keys walk to the nearest neighbour and
        Enter selects it.
      </p>
    </Modal>
  );
}
