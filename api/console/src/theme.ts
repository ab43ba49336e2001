/**
 * Colours, type and density. Everything that is text passes WCAG AA in both schemes: Mantine's own
 * dimmed and light-variant colours do not, so they are set here, and axe holds the screens to it.
 */
import { createTheme, type CSSVariablesResolver } from "@mantine/core";

export const theme = createTheme({
  primaryColor: "blue",
  primaryShade: { light: 8, dark: 8 },
  fontFamily:
    'Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
  fontSizes: { xs: "11.5px", sm: "13px", md: "14px", lg: "16px", xl: "19px" },
  defaultRadius: "sm",
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: "compact-sm" } },
    ActionIcon: { defaultProps: { variant: "subtle", color: "gray", size: "md" } },
    TextInput: { defaultProps: { size: "xs" } },
    Textarea: { defaultProps: { size: "sm" } },
    Checkbox: { defaultProps: { size: "xs" } },
    Switch: { defaultProps: { size: "xs" } },
    SegmentedControl: { defaultProps: { size: "xs" } },
    Tooltip: { defaultProps: { openDelay: 350, withArrow: true, multiline: true, maw: 320 } },
    Modal: { defaultProps: { radius: "md", centered: false, yOffset: "8vh" } },
    // The placeholder is a focusable child that is no item: a menu may hold none.
    Menu: { defaultProps: { shadow: "md", width: 220, withInitialFocusPlaceholder: false } },
  },
});

const LIGHT_TEXT: Record<string, [string, string]> = {
  blue: ["#124a86", "#a5d0ff"],
  red: ["#9b1c14", "#ffb3ab"],
  orange: ["#7a3e00", "#ffc988"],
  green: ["#14532d", "#9be3b5"],
  gray: ["#3b4754", "#c7d1dc"],
};

export const resolver: CSSVariablesResolver = () => {
  const light: Record<string, string> = {
    "--mantine-color-body": "#ffffff",
    "--mantine-color-text": "#16202c",
    "--mantine-color-dimmed": "#546171",
    "--mantine-color-placeholder": "#5f6c7b",
    "--mantine-color-error": "#b42318",
    "--mantine-color-default-border": "#d5dbe2",
    "--mantine-color-anchor": "#155a9c",
  };
  const dark: Record<string, string> = {
    "--mantine-color-body": "#151c23",
    "--mantine-color-text": "#e3e9ef",
    "--mantine-color-dimmed": "#a0aebd",
    "--mantine-color-placeholder": "#93a1b0",
    "--mantine-color-error": "#ff9b91",
    "--mantine-color-default": "#1a222b",
    "--mantine-color-default-hover": "#222c37",
    "--mantine-color-default-border": "#34404d",
    "--mantine-color-anchor": "#8fc1ff",
  };
  for (const [name, [inLight, inDark]] of Object.entries(LIGHT_TEXT)) {
    light[`--mantine-color-${name}-light-color`] = inLight;
    dark[`--mantine-color-${name}-light-color`] = inDark;
    light[`--mantine-color-${name}-outline`] = inLight;
    dark[`--mantine-color-${name}-outline`] = inDark;
  }
  return { variables: {}, light, dark };
};
