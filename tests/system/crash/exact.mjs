/** Decimals as whole numbers of 10^-18: sums of money without rounding. */
const places = 18;

export function exact(text) {
  const [, sign, whole, part = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(text)) ?? (() => { throw new Error(`not a decimal: ${text}`); })();
  if (part.length > places && /[1-9]/.test(part.slice(places))) throw new Error(`too many digits: ${text}`);
  const units = BigInt(whole + part.slice(0, places).padEnd(places, '0'));
  return sign ? -units : units;
}

export function to_text(units) {
  const digits = (units < 0n ? -units : units).toString().padStart(places + 1, '0');
  return `${units < 0n ? '-' : ''}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}
