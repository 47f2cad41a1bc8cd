/** The names that files give to their items (API.md section 2, POST /api/collections). */

export interface CogName {
  /** The file's name without its ending; the whole path where names repeat. */
  readonly id: string;
  /** The file's name, as people wrote it. */
  readonly name: string;
}

/** Host or container and path of an href, decoded, without query and GDAL's prefix. */
function stepsOf(href: string): string[] {
  const bare = href.replace(/[?#].*$/s, '').replace(/^\/vsi[a-z0-9_]+\//, '').replace(/^[a-z][a-z0-9+.-]*:\/\//i, '');
  return bare.split('/').filter((step) => step !== '').map(decoded);
}

/** A name that decodes to something that no id may hold stays as it was written. */
function decoded(step: string): string {
  try {
    const text = decodeURIComponent(step);
    // oxlint-disable-next-line no-control-regex -- they are what is looked for
    return /[/\u0000-\u001f\u007f-\u009f]/.test(text) ? step : text;
  } catch {
    return step;
  }
}

const withoutEnding = (name: string): string => name.replace(/(?<=.)\.[A-Za-z0-9]{1,8}$/, '');

/** The id of each; ids hold no "/", so the steps of a path are joined by "-". The same href twice has the same id. */
export function cogNames(hrefs: readonly string[]): CogName[] {
  const steps = hrefs.map(stepsOf);
  const short = steps.map((path) => withoutEnding(path.at(-1) ?? ''));
  const paths = steps.map((path) => withoutEnding(path.slice(1).join('-')));
  const whole = steps.map((path) => withoutEnding(path.join('-')));
  const [shortTwice, pathsTwice] = [repeated(short, hrefs), repeated(paths, hrefs)];
  return hrefs.map((_, i) => {
    const [name = '', path = '', all = ''] = [short[i], paths[i], whole[i]];
    return { id: shortTwice.has(name) ? (pathsTwice.has(path) || path === '' ? all : path) : name, name: steps[i]?.at(-1) ?? '' };
  });
}

/** Names that different hrefs have. */
function repeated(names: readonly string[], hrefs: readonly string[]): Set<string> {
  const first = new Map<string, string>();
  const twice = new Set<string>();
  names.forEach((name, i) => {
    const href = hrefs[i] ?? '';
    if ((first.get(name) ?? href) !== href) twice.add(name);
    first.set(name, first.get(name) ?? href);
  });
  return twice;
}
