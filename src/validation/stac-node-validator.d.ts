/** The part of stac-node-validator 2.0.0 that is used here; the package has no types of its own. */
declare module 'stac-node-validator' {
  import type { Ajv, ErrorObject } from 'ajv';

  export interface Report {
    readonly id: string | null;
    /** null where the document was skipped; `messages` says why. */
    readonly valid: boolean | null;
    readonly skipped: boolean;
    readonly messages: readonly string[];
    readonly children: readonly Report[];
    readonly results: {
      readonly core: readonly Partial<ErrorObject>[];
      readonly extensions: Readonly<Record<string, readonly Partial<ErrorObject>[]>>;
    };
  }

  export interface Config {
    loader: (uri: string) => Promise<object>;
    customValidator: CustomValidator | null;
  }

  export interface CustomValidator {
    createAjv(ajv: Ajv): Promise<Ajv>;
    afterLoading(data: unknown, report: Report, config: Config): Promise<unknown>;
  }

  /** Validates one document, or each of an array. */
  function validate(data: object | readonly object[], config: Config): Promise<Report>;
  export default validate;
}
