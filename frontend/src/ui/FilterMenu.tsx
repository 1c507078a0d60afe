/** A filter of a list: a button that says how many choices are on, and a menu of check boxes. */
import { Button, Checkbox, Popover } from "@mantine/core";
import { ChevronDown } from "lucide-react";
import styles from "./FilterMenu.module.css";

interface FilterMenuProps<Value extends string> {
  label: string;
  clearLabel: string;
  options: { value: Value; label: string }[];
  chosen: Value[];
  onChange: (chosen: Value[]) => void;
}

export function FilterMenu<Value extends string>(props: FilterMenuProps<Value>) {
  const { label, clearLabel, options, chosen, onChange } = props;
  return (
    <Popover position="bottom-start" shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <Button
          variant={chosen.length > 0 ? "light" : "default"}
          rightSection={<ChevronDown size={14} aria-hidden />}
        >
          {chosen.length > 0 ? `${label} · ${chosen.length}` : label}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p="sm">
        <Checkbox.Group<Value> value={chosen} onChange={onChange}>
          <div className={styles.options}>
            {options.map((option) => (
              <Checkbox key={option.value} value={option.value} label={option.label} />
            ))}
          </div>
        </Checkbox.Group>
        {chosen.length > 0 && (
          <Button variant="subtle" size="compact-xs" mt="sm" onClick={() => onChange([])}>
            {clearLabel}
          </Button>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}
