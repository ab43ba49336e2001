/** The icons in use, drawn for 24x24 with a stroke; a whole icon package would be 88 MB of them. */
import type { ReactNode } from "react";

interface Props {
  size?: number;
}

const icon = (paths: ReactNode) =>
  function Icon({ size = 16 }: Props) {
    return (
      <svg
        width={size}
        height={size}
        viewBox="0 0 24 24"
        fill="none"
        stroke="currentColor"
        strokeWidth={1.9}
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
        focusable="false"
      >
        {paths}
      </svg>
    );
  };

export const SearchIcon = icon(
  <>
    <circle cx="11" cy="11" r="6.5" />
    <path d="m20 20-4.2-4.2" />
  </>,
);
export const SunIcon = icon(
  <>
    <circle cx="12" cy="12" r="4" />
    <path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M5.6 18.4 7 17M17 7l1.4-1.4" />
  </>,
);
export const MoonIcon = icon(<path d="M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z" />);
export const KeysIcon = icon(
  <>
    <rect x="3" y="6" width="18" height="12" rx="2" />
    <path d="M7 10h.01M11 10h.01M15 10h.01M8 14h8" />
  </>,
);
export const LeftIcon = icon(<path d="m14 6-6 6 6 6" />);
export const RightIcon = icon(<path d="m10 6 6 6-6 6" />);
export const DownloadIcon = icon(<path d="M12 4v11m-4.5-4.5L12 15l4.5-4.5M5 20h14" />);
export const LinkIcon = icon(
  <path d="M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1 1M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1-1" />,
);
export const FitIcon = icon(<path d="M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5" />);
export const UndoIcon = icon(<path d="M8 5 4 9l4 4M4 9h10a6 6 0 0 1 0 12h-3" />);
export const RedoIcon = icon(<path d="m16 5 4 4-4 4M20 9H10a6 6 0 0 0 0 12h3" />);
export const EyeOffIcon = icon(
  <path d="M4 4l16 16M9.9 5.2A9 9 0 0 1 12 5c5 0 8.500 4.300 9.500 7-.4 1-1.100 2.200-2.200 3.400M6.200 7.200C4.300 8.500 3 10.400 2.500 12c1 2.700 4.500 7 9.500 7 1.600 0 3-.4 4.200-1M10 10.200a2.600 2.600 0 0 0 3.700 3.700" />,
);
export const PinIcon = icon(<path d="M9 4h6l-1 6 3 3H7l3-3-1-6zM12 13v7" />);
export const CloseIcon = icon(<path d="M6 6l12 12M18 6 6 18" />);
export const MoreIcon = icon(<path d="M5 12h.01M12 12h.01M19 12h.01" />);
export const CheckIcon = icon(<path d="m5 12.5 4.500 4.500L19 7.500" />);
export const PersonIcon = icon(
  <>
    <circle cx="12" cy="8" r="3.800" />
    <path d="M4.500 20c1-4 4-5.500 7.500-5.500s6.500 1.500 7.500 5.500" />
  </>,
);
export const BanIcon = icon(
  <>
    <circle cx="12" cy="12" r="8.500" />
    <path d="m6 6 12 12" />
  </>,
);
export const ExpandIcon = icon(<path d="M12 5v14M5 12h14" />);
export const PathIcon = icon(
  <>
    <circle cx="5.500" cy="18" r="2.500" />
    <circle cx="18.500" cy="6" r="2.500" />
    <path d="M8 17c6-1 2-9 8-10" />
  </>,
);
export const GroupIcon = icon(
  <>
    <circle cx="8" cy="9" r="2.600" />
    <circle cx="16" cy="9" r="2.600" />
    <circle cx="12" cy="16" r="2.600" />
  </>,
);
export const SaveIcon = icon(<path d="M6 4h12v16l-6-4-6 4V4z" />);
