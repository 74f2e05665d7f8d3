/** Elements, made and found. */

type Attributes = Record<string, string | number | boolean | ((event: Event) => void) | undefined>;

/** Makes an element: attributes by name, listeners as `onclick` and the like, then what is in it. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...content: (Node | string | null | undefined | false)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.replace(/^on/, ''), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  // Text goes in as text: whatever people write, it is never markup.
  element.append(...content.filter((each) => each !== null && each !== undefined && each !== false));
  return element;
}

/** The element of index.html with this id. */
export function find<Type extends HTMLElement = HTMLElement>(id: string): Type {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no element "${id}".`);
  return element as Type;
}

export function option(value: string, text: string, isSelected = false): HTMLOptionElement {
  return make('option', { value, selected: isSelected }, text);
}
