/** The strings of JSON text, found without parsing it and without regular expressions: those run out of stack in one of some megabytes. */

/** Behind the closing quote of the string whose opening one is at `from`; -1 where it never ends. */
export function endOfString(json: string, from: number): number {
  for (let quote = json.indexOf('"', from + 1); quote !== -1; quote = json.indexOf('"', quote + 1)) {
    let slashes = 0;
    while (json[quote - 1 - slashes] === '\\') slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
  }
  return -1;
}

/**
 * The text with its strings rewritten, names of members among them.
 * @param write a string with its quotes, as it is in the text
 * @param between what is not in strings
 */
export function rewriteStrings(json: string, write: (quoted: string) => string, between: (text: string) => string = (text) => text): string {
  let written = '';
  let at = 0;
  for (let from = json.indexOf('"'); from !== -1; from = json.indexOf('"', at)) {
    const end = endOfString(json, from);
    if (end === -1) break;
    written += between(json.slice(at, from)) + write(json.slice(from, end));
    at = end;
  }
  return written + between(json.slice(at));
}
