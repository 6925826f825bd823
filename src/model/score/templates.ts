/** Prompt templates: texts with `{}` where a name goes. */
import { MetaclipError } from '../../common/errors.ts';

/** Only the name itself. */
export const PLAIN_TEMPLATE = '{}';

/**
 * @param templates - texts, each with `{}` (or `{c}`, as some published lists have it) at least once
 * @throws {@link MetaclipError} `E_USAGE` for an empty list or a template without a place for the name
 */
export function checkTemplates(templates: readonly string[]): void {
  const wrong = templates.find((template) => !/\{c?\}/.test(template));
  if (templates.length > 0 && wrong === undefined) return;
  throw new MetaclipError(
    'E_USAGE',
    wrong === undefined
      ? 'an empty list of templates'
      : `the template ${JSON.stringify(wrong)} has no {} for the name`,
    { hint: 'for example --template "a photo of a {}."' },
  );
}

/**
 * @param template - text with `{}` or `{c}`
 * @param name - goes to every such place, as it is
 * @returns the prompt
 */
export function fillTemplate(template: string, name: string): string {
  return template.replaceAll(/\{c?\}/g, () => name);
}
