/** Tokens of the identity that this server runs as: a managed identity, or whatever else `@azure/identity` finds. */

/** A token is asked for again this long before it ends, milliseconds. */
const MARGIN = 300_000;

/**
 * The identity's token for a service, asked for by one caller for all; the library (0.3 s) is loaded for the first.
 * @param scope `https://storage.azure.com/.default`
 * @returns a function that throws what the library throws, whose words may be many
 */
export function identityToken(scope: string): () => Promise<string> {
  let current: Promise<{ readonly token: string; readonly expiresOnTimestamp: number }> | undefined;
  let validUntil = 0;
  const ask = async () => {
    const { DefaultAzureCredential } = await import('@azure/identity');
    const token = await new DefaultAzureCredential().getToken(scope);
    validUntil = token.expiresOnTimestamp - MARGIN;
    return token;
  };
  return async () => {
    if (current === undefined || (validUntil !== 0 && Date.now() > validUntil)) {
      validUntil = 0;
      current = ask();
    }
    const pending = current;
    try {
      return (await pending).token;
    } catch (error) {
      if (current === pending) current = undefined;
      throw error;
    }
  };
}
