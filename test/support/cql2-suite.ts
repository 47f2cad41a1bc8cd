/** OGC's abstract test suite of CQL2 (annex A): its data and its 351 predicates, each with the number of items that it finds. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { isObject, type JsonObject } from '../../src/json.js';

export interface Predicate {
  readonly class: string;
  readonly collection: string;
  readonly 'cql2-text': string;
  readonly 'cql2-json': unknown;
  readonly expected: number;
}

const FOLDER = join(import.meta.dirname, '../../../../shared/data/cql2');
export const present = existsSync(join(FOLDER, 'predicates.json'));
export const title = `CQL2 abstract test suite${present ? '' : ' (../shared/data/cql2 is missing)'}`;

/** The 274 that stand for themselves. */
export const predicates: Predicate[] = present ? JSON.parse(readFileSync(join(FOLDER, 'predicates.json'), 'utf8')) : [];
export const collections = [...new Set(predicates.map(({ collection }) => collection))];

/** Puts the three data sources into collections, without registering any queryable. */
export async function loadSuite(pool: pg.Pool): Promise<void> {
  for (const id of collections) {
    const items = readFileSync(join(FOLDER, `${id}.ndjson`), 'utf8').trim().split('\n').map((line): unknown => JSON.parse(line));
    const extent = { spatial: { bbox: [[-180, -90, 180, 90]] }, temporal: { interval: [[null, null]] } };
    await pool.query('SELECT pgstac.upsert_collection($1)', [JSON.stringify({ type: 'Collection', stac_version: '1.1.0', id, description: id, license: 'other', links: [], extent })]);
    await pool.query('SELECT pgstac.upsert_items($1)', [JSON.stringify(items)]);
  }
}

const PLACES = 'ne_110m_populated_places_simple';

const TERMS: Readonly<Record<string, string>> = {
  A: 'boolean IS NOT NULL',
  B: 'boolean IS NULL',
  C: 'boolean=true',
  D: 'name IS NOT NULL',
  E: 'name IS NULL',
  F: "name<'København'",
  G: "name<='København'",
  H: "name<>'København'",
  I: "name='København'",
  J: "name>'København'",
  K: "name>='København'",
  L: 'pop_other IS NOT NULL',
  M: 'pop_other IS NULL',
  N: 'pop_other<1038288',
  O: 'pop_other<=1038288',
  P: 'pop_other<>1038288',
  Q: 'pop_other=1038288',
  R: 'pop_other>1038288',
  S: 'pop_other>=1038288',
  T: 'start IS NOT NULL',
  U: 'start IS NULL',
  V: "start<=TIMESTAMP('2022-04-16T10:13:19Z')",
  W: "start<>TIMESTAMP('2022-04-16T10:13:19Z')",
  X: "start<TIMESTAMP('2022-04-16T10:13:19Z')",
  Y: "start=TIMESTAMP('2022-04-16T10:13:19Z')",
  Z: "start>=TIMESTAMP('2022-04-16T10:13:19Z')",
  a: "start>TIMESTAMP('2022-04-16T10:13:19Z')",
};

/** Four terms and the number expected: table "Combinations of predicates and expected results" of /conf/basic-cql2/logical. */
const COMBINATIONS = [
  'PHMF 1', 'PJGC 107', 'ULLR 124', 'NRMX 121', 'YNYH 2', 'VHCF 2', 'QUWA 242', 'URTJ 122', 'NHIX 2', 'ZDUN 120', 'KTCZ 137',
  'TKTD 3', 'EFLA 243', 'ZJQF 3', 'XGBJ 138', 'LUSJ 62', 'IYCM 243', 'JNRG 122', 'PIGa 243', 'XZQU 3', 'HCYU 2', 'EWXE 243',
  'WJVD 3', 'HPNZ 2', 'BRAM 122', 'QUaL 2', 'PURC 2', 'aNGQ 2', 'ZVGH 107', 'CDBQ 1', 'YQNH 122', 'PVTY 3', 'HPLD 243',
  'INTP 3', 'FWaY 2', 'CNDV 3', 'OFNN 243', 'MGIa 2', 'NHPH 243', 'VMXD 2', 'WIBP 241', 'COHM 2', 'DOTA 124', 'ONaR 1',
  'TAKL 137', 'WTRN 1', 'OGBT 198', 'KKGK 107', 'CXAF 2', 'aZMO 1', 'NIZF 181', 'NOMT 121', 'KSCD 79', 'BHBL 240', 'NZJO 199',
  'GaFB 106', 'LHNO 121', 'KTKD 137', 'NXES 1', 'SJAT 184', 'THGE 241', 'KPYH 2', 'AOQY 1', 'DTTK 241', 'QLTH 2', 'YURO 1',
  'ETYD 1', 'AIAD 3', 'PPQO 1', 'MWaA 241', 'XBaF 2', 'RPWH 2', 'ZYQD 2', 'OTVA 242', 'CaNP 122', 'SRBQ 121', 'FRYC 44',
];

/** The 77 that combine four of {@link predicates}, all over the same collection. */
export function combinations(): Predicate[] {
  return COMBINATIONS.map((row): Predicate => {
    const [terms = '', expected] = row.split(' ');
    const [p1, p2, p3, p4] = [0, 1, 2, 3].map((at) => term(terms.charAt(at)));
    if (p1 === undefined || p2 === undefined || p3 === undefined || p4 === undefined) throw new Error(`no four predicates: ${row}`);
    const operation = (op: string, ...args: unknown[]): unknown => ({ op, args });
    return {
      class: 'basic-cql2, logical',
      collection: PLACES,
      'cql2-text': `(NOT (${p2.text}) AND ${p1.text}) OR (${p3.text} and ${p4.text}) or not (${p1.text} OR ${p4.text})`,
      'cql2-json': operation('or', operation('and', operation('not', p2.json), p1.json), operation('and', p3.json, p4.json), operation('not', operation('or', p1.json, p4.json))),
      expected: Number(expected),
    };
  });
}

function term(letter: string): { text: string; json: JsonObject } {
  const text = TERMS[letter] ?? '';
  const json = predicates.find((predicate) => predicate.collection === PLACES && predicate['cql2-text'] === text)?.['cql2-json'];
  if (!isObject(json)) throw new Error(`${letter} is no predicate of the suite`);
  return { text, json };
}
