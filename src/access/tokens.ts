/** Bearer tokens of the OIDC issuer: signature, issuer, audience and times are checked (RFC 8725, RFC 9068 section 4). */
import { errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose';
import type { OidcConfig } from '../config-auth.js';
import { DomainError } from '../errors.js';
import { isObject, type JsonObject } from '../json.js';
import { callerOfToken } from './claims.js';
import { createIssuerFinder, type Issuer, issuerAway } from './issuer.js';
import type { Caller } from './scopes.js';

/** Public keys only: with a shared secret among them, anybody could sign by the public key as if it were one (RFC 8725 section 2.1). */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
/** How far clocks may be apart. */
const SKEW_SECONDS = 30;

const refused = (why: string): DomainError => new DomainError('Unauthorized', `The token is refused: ${why}.`);

/** @returns who sent a token. It throws Unauthorized for a bad one, Unavailable while the issuer does not answer */
export function createTokenCheck(config: OidcConfig): (token: string) => Promise<Caller> {
  const finder = createIssuerFinder(config);
  return async (token) => {
    const issuer = await finder.find();
    try {
      return callerOfToken(payloadOf(await verify(token, issuer, config), issuer), config);
    } catch (error) {
      if (error instanceof DomainError) throw error;
      const why = whyRefused(error);
      if (why !== undefined) throw refused(why);
      finder.forget();
      throw issuerAway(error);
    }
  };
}

async function verify(token: string, { names, keys }: Issuer, { audiences }: OidcConfig): Promise<JWTPayload> {
  const options: JWTVerifyOptions = { algorithms: ALGORITHMS, issuer: [...names], audience: [...audiences], clockTolerance: SKEW_SECONDS, requiredClaims: ['exp'] };
  try {
    return (await jwtVerify(token, keys, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    // A token that names no key, of an issuer with several.
    for await (const key of error) {
      const verified = await jwtVerify(token, key, options).catch((failure: unknown) => {
        if (failure instanceof errors.JWSSignatureVerificationFailed) return undefined;
        throw failure;
      });
      if (verified !== undefined) return verified.payload;
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

function payloadOf(payload: JWTPayload, { tenant }: Issuer): JsonObject {
  if (!isObject(payload)) throw refused('it holds no claims');
  if (tenant !== undefined && payload['tid'] !== tenant) throw refused('it is of another tenant');
  return payload;
}

/** In words that say nothing of the token's content; undefined where it was not the token's fault. */
function whyRefused(error: unknown): string | undefined {
  if (error instanceof errors.JWTExpired) return 'it has expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'nbf' || error.claim === 'iat') return 'it is not valid yet';
    return error.claim === 'iss' ? 'it is of another issuer' : error.claim === 'aud' ? 'it is for another audience' : `its claim ${error.claim} is missing or wrong`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return 'it is signed by an algorithm that is not taken';
  if (error instanceof errors.JWKSNoMatchingKey) return 'no key of the issuer has signed it';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong';
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) return 'it is no signed JWT';
  if (error instanceof errors.JOSENotSupported) return 'it needs something that is not supported';
  return undefined;
}
