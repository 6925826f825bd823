/** Elements of the page by id, with the type that the script needs; a missing one is a fault of the page. */

/**
 * @param id - of the element
 * @param kind - its class, e.g. `HTMLInputElement`
 * @returns the element
 * @throws Error when the page has no such element
 */
export function elementById<T extends HTMLElement>(id: string, kind: new () => T): T {
  const element = document.getElementById(id);
  if (element instanceof kind) return element;
  throw new Error(`the page has no ${kind.name} with the id ${id}`);
}

/**
 * @param id - of the element
 * @param text - shown instead of what was there
 */
export function setText(id: string, text: string): void {
  elementById(id, HTMLElement).textContent = text;
}
