/**
 * Which hosts Python's urllib accepts between square brackets: what its `ipaddress` module takes as an IPv6 address,
 * and `v` + hex digits + `.` + anything. A url with another bracketed host makes `urljoin` raise.
 */

const IP_FUTURE = /^v[0-9a-fA-F]+\.[^\n]+$/;
const HEXTET = /^[0-9a-fA-F]{1,4}$/;
const OCTET = /^(?:0|[1-9][0-9]{0,2})$/;
/** Hextets of an IPv6 address. */
const HEXTET_COUNT = 8;

/**
 * @param host - what stands between the first `[` and the next `]` of a url's network location
 * @returns true when Python accepts it
 */
export function isBracketedHost(host: string): boolean {
  return host.startsWith('v') ? IP_FUTURE.test(host) : isIpv6Address(host);
}

function isIpv6Address(text: string): boolean {
  const percent = text.indexOf('%');
  // A zone may be anything but empty, and may hold no second percent sign.
  if (percent >= 0 && (percent === text.length - 1 || text.includes('%', percent + 1))) return false;
  const parts = (percent < 0 ? text : text.slice(0, percent)).split(':');
  if (parts.length < 3) return false;
  const last = parts[parts.length - 1] ?? '';
  // A dotted quad at the end stands for two hextets.
  if (last.includes('.')) {
    if (!isIpv4Address(last)) return false;
    parts.splice(-1, 1, '0', '0');
  }
  if (parts.length > HEXTET_COUNT + 1) return false;
  return hasHextets(parts);
}

/** Checks the parts between the colons: eight hextets, or fewer around exactly one `::`. */
function hasHextets(parts: readonly string[]): boolean {
  let gap = -1;
  for (let i = 1; i < parts.length - 1; i++) {
    if (parts[i] !== '') continue;
    if (gap >= 0) return false;
    gap = i;
  }
  if (gap < 0) return parts.length === HEXTET_COUNT && parts.every((part) => HEXTET.test(part));
  // An empty first or last part is allowed only as half of the `::`.
  const before = parts[0] === '' ? parts.slice(1, gap) : parts.slice(0, gap);
  const after = parts[parts.length - 1] === '' ? parts.slice(gap + 1, -1) : parts.slice(gap + 1);
  if (parts[0] === '' && before.length > 0) return false;
  if (parts[parts.length - 1] === '' && after.length > 0) return false;
  if (before.length + after.length >= HEXTET_COUNT) return false;
  return before.every((part) => HEXTET.test(part)) && after.every((part) => HEXTET.test(part));
}

function isIpv4Address(text: string): boolean {
  const octets = text.split('.');
  return octets.length === 4 && octets.every((octet) => OCTET.test(octet) && Number(octet) <= 255);
}
