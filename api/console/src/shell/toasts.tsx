/** Short notices at the corner, with at most one thing to do; they are read out as they appear. */
import { ActionIcon } from "@mantine/core";
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from "react";
import { CloseIcon } from "../parts/icons";

interface Toast {
  id: number;
  text: string;
  action?: { label: string; run: () => void };
}

type Show = (text: string, options?: { action?: Toast["action"]; seconds?: number }) => void;

const ToastContext = createContext<Show>(() => undefined);
let last = 0;

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const drop = useCallback((id: number) => {
    setToasts((held) => held.filter((toast) => toast.id !== id));
  }, []);
  const show = useCallback<Show>(
    (text, { action, seconds = 6 } = {}) => {
      last += 1;
      const id = last;
      setToasts((held) => [...held.slice(-2), { id, text, action }]);
      setTimeout(() => drop(id), seconds * 1000);
    },
    [drop],
  );
  const value = useMemo(() => show, [show]);
  return (
    <ToastContext.Provider value={value}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {toasts.map((toast) => (
          <div className="toast" key={toast.id}>
            <span className="grow">{toast.text}</span>
            {toast.action && (
              <button
                type="button"
                onClick={() => {
                  toast.action?.run();
                  drop(toast.id);
                }}
              >
                {toast.action.label}
              </button>
            )}
            <ActionIcon aria-label="Close this notice" c="#f2f5f8" onClick={() => drop(toast.id)}>
              <CloseIcon size={14} />
            </ActionIcon>
          </div>
        ))}
      </div>
    </ToastContext.Provider>
  );
}

export const useToast = (): Show => useContext(ToastContext);
