/** Folder names for class names: what a model calls a class may be no name of a folder, or lead out of it. */
import { MetaclipError } from '../../common/errors.ts';

/** Names that Windows keeps for devices, with any extension. */
const DEVICES = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i;
const MAX_NAME_BYTES = 200;

/**
 * @param className - any text
 * @returns a name that is one folder on every system: separators, control characters and what Windows refuses become `_`
 */
export function folderNameOf(className: string): string {
  let name = className
    .normalize('NFC')
    .replaceAll(/[\p{Cc}/\\:*?"<>|]/gu, '_')
    .replaceAll(/\p{Surrogate}|\p{Bidi_Control}/gu, '_')
    .trim()
    .replace(/^\.+/, (dots) => '_'.repeat(dots.length))
    .replace(/[. ]+$/, (end) => '_'.repeat(end.length));
  if (DEVICES.test(name)) name = `_${name}`;
  while (Buffer.byteLength(name) > MAX_NAME_BYTES) name = Array.from(name).slice(0, -1).join('');
  return name === '' ? '_' : name;
}

/**
 * @param classes - distinct class names
 * @returns for each its folder name, in their order
 * @throws {@link MetaclipError} `E_USAGE` when two classes would share a folder (case does not count: it does not on every system)
 */
export function nameClassFolders(classes: readonly string[]): string[] {
  const owner = new Map<string, string>();
  return classes.map((className) => {
    const name = folderNameOf(className);
    const key = name.toLowerCase();
    const other = owner.get(key);
    if (other !== undefined) {
      throw new MetaclipError(
        'E_USAGE',
        `the classes ${JSON.stringify(other)} and ${JSON.stringify(className)} would have the same folder, ${name}`,
        { hint: 'rename one of them in the ontology, or give both the same class' },
      );
    }
    owner.set(key, className);
    return name;
  });
}
