/** One of a few: the browser's own select, which every screen reader and phone knows. */
import { NativeSelect, type NativeSelectProps } from "@mantine/core";

interface Props extends Omit<NativeSelectProps, "onChange" | "data" | "value"> {
  value: string;
  onChange: (value: string) => void;
  data: readonly { value: string; label: string }[];
}

export function Choice({ value, onChange, data, ...rest }: Props) {
  return (
    <NativeSelect
      size="xs"
      {...rest}
      value={value}
      data={data as { value: string; label: string }[]}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
