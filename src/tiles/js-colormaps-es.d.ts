/** What js-colormaps-es 0.0.5 (no declarations of its own) exports and is used here: matplotlib's colormaps. */
declare module 'js-colormaps-es' {
  /** By matplotlib's names. Colours from 0 to 1; `interpolate` is false for maps of a few separate colours. */
  export const data: Readonly<Record<string, { readonly interpolate: boolean; readonly colors: readonly (readonly [number, number, number])[] }>>;
}
