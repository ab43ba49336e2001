/** Whether the service can be reached, as a value that screens subscribe to. */
export class Reach {
  private up = true;
  private readonly listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly isUp = (): boolean => this.up;

  found(): void {
    this.set(true);
  }

  lost(): void {
    this.set(false);
  }

  private set(up: boolean): void {
    if (this.up === up) return;
    this.up = up;
    for (const listener of this.listeners) listener();
  }
}
