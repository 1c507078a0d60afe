/** Mantine, dressed in the palette of theme.css: which component sizes and colours the app uses. */
import {
  Button,
  Checkbox,
  createTheme,
  Input,
  Kbd,
  type MantineColorsTuple,
  Menu,
  NumberInput,
  PasswordInput,
  Select,
  Textarea,
  TextInput,
  Tooltip,
} from "@mantine/core";

// Mantine reads its dark surfaces and text from this tuple: 0 text, 2 dimmed, 4 border, 6 input, 7 body.
const dark: MantineColorsTuple = [
  "#e6edf3",
  "#c6d0da",
  "#9aa7b4",
  "#8693a0",
  "#2a323d",
  "#222b36",
  "#1d242d",
  "#161b22",
  "#0e1116",
  "#000000",
];

const accent: MantineColorsTuple = [
  "#e8f2ff",
  "#cfe3ff",
  "#a4cbff",
  "#79b2ff",
  "#5fa4ff",
  "#4c9aff",
  "#4c9aff",
  "#3a82de",
  "#2c6bbd",
  "#1b3a63",
];

const compactInput = Input.extend({
  vars: (_, props) =>
    props.multiline
      ? { wrapper: {} }
      : { wrapper: { "--input-height": "32px", "--input-fz": "13px" } },
});

export const theme = createTheme({
  colors: { dark, accent },
  primaryColor: "accent",
  primaryShade: 6,
  autoContrast: true,
  luminanceThreshold: 0.25,
  defaultRadius: 4,
  fontFamily:
    'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans SC", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif',
  fontSizes: { xs: "11px", sm: "12px", md: "13px", lg: "16px", xl: "20px" },
  lineHeights: { xs: "16px", sm: "16px", md: "20px", lg: "24px", xl: "28px" },
  spacing: { xs: "4px", sm: "8px", md: "12px", lg: "16px", xl: "24px" },
  headings: { sizes: { h1: { fontSize: "16px", lineHeight: "24px", fontWeight: "600" } } },
  fontWeights: { regular: "400", medium: "500", semibold: "500", bold: "600" },
  respectReducedMotion: true,
  components: {
    Input: compactInput,
    Button: Button.extend({
      defaultProps: { size: "xs" },
      vars: (_, props) =>
        props.size === "compact-xs"
          ? { root: { "--button-height": "24px", "--button-fz": "12px" } }
          : { root: { "--button-height": "32px", "--button-fz": "13px" } },
    }),
    Kbd: Kbd.extend({ classNames: { root: "key-cap" } }),
    TextInput: TextInput.extend({ defaultProps: { size: "md" } }),
    NumberInput: NumberInput.extend({ defaultProps: { size: "md" } }),
    PasswordInput: PasswordInput.extend({ defaultProps: { size: "md" } }),
    Textarea: Textarea.extend({ defaultProps: { size: "md" } }),
    Select: Select.extend({ defaultProps: { size: "md" } }),
    Checkbox: Checkbox.extend({ defaultProps: { size: "xs" } }),
    Menu: Menu.extend({ defaultProps: { transitionProps: { duration: 100 } } }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 500, color: "dark.5", withArrow: true } }),
  },
});
