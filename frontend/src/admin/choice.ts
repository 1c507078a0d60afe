/** How a checkbox or radio of the administrator's forms is dressed: its label and its hint. */
import form from "./Form.module.css";

export const CHOICE = { label: form.choiceLabel ?? "", description: form.choiceHint ?? "" };
