/** What throws inside is told in its place; the rest of the page goes on. */
import { Button } from "@mantine/core";
import { Component, type ReactNode } from "react";
import { State } from "./States";

interface Props {
  what: string;
  children: ReactNode;
  /** What to use instead. */
  instead?: string;
}

export class Boundary extends Component<Props, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    if (!this.state.error) return this.props.children;
    return (
      <div role="alert" data-boundary={this.props.what}>
        <State
          title={`The ${this.props.what} cannot be drawn`}
          actions={
            <Button variant="default" onClick={() => this.setState({ error: null })}>
              Try again
            </Button>
          }
        >
          {this.props.instead ?? "Load the page again; nothing was lost."}
          <div className="mono small">{this.state.error.message}</div>
        </State>
      </div>
    );
  }
}
