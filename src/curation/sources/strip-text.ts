/**
 * Python's `str.strip()`, which the published texts were trimmed with. It differs from `String.prototype.trim` in both
 * directions: Python also strips U+001C-U+001F and U+0085, and leaves U+FEFF alone.
 */

/** True for the UTF-16 units that Python's `str.isspace` accepts; all of them lie in the basic plane. */
function isPythonSpace(unit: number): boolean {
  if (unit > 0x20 && unit < 0x85) return false;
  if (unit <= 0x20) return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d) || unit >= 0x1c;
  if (unit < 0x1680) return unit === 0x85 || unit === 0xa0;
  return (
    unit === 0x1680 ||
    (unit >= 0x2000 && unit <= 0x200a) ||
    unit === 0x2028 ||
    unit === 0x2029 ||
    unit === 0x202f ||
    unit === 0x205f ||
    unit === 0x3000
  );
}

/**
 * Trims as Python does. Linear in what is cut off; a text without outer space is returned itself.
 *
 * @param text - any string
 * @returns the text without the white space around it; white space inside stays
 */
export function stripText(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isPythonSpace(text.charCodeAt(start))) start++;
  while (end > start && isPythonSpace(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}
