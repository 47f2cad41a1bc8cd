/** Settings of authentication for the variants of a test server, read as the program reads them. */
import { type AuthConfig, readAuth } from '../../src/config-auth.js';

type Variables = Readonly<Record<string, string>>;

/** What the variables say, and what is wrong with them. */
export function readAuthOf(variables: Variables, host = '127.0.0.1'): { config: AuthConfig; problems: string[] } {
  const problems: string[] = [];
  const config = readAuth({
    problems,
    text: (name) => variables[name],
    flag: (name, fallback) => (variables[name] === undefined ? fallback : variables[name] === 'true'),
    list: (name) => (variables[name] ?? '').split(',').filter((part) => part !== ''),
  }, host);
  return { config, problems };
}

/** @throws where anything is wrong with them */
export function authOf(variables: Variables): AuthConfig {
  const { config, problems } = readAuthOf(variables);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return config;
}

export const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });
