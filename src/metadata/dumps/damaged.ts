/** The error of an input that cannot be read to its end. */
import { MetaclipError } from '../../common/errors.ts';

/**
 * @param path - file
 * @param what - what is wrong
 * @param cause - underlying failure
 * @returns the error of an input that is cut short or damaged
 */
export function damaged(path: string, what: string, cause?: unknown): MetaclipError {
  return new MetaclipError('E_INPUT_UNREADABLE', `${path}: ${what}`, {
    hint: 'a list of half an input would be wrong without showing it: download the file again and compare its checksum',
    details: { path },
    ...(cause === undefined ? {} : { cause }),
  });
}
