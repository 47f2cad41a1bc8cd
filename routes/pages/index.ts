/** Which page shows which kind of document: a new operation with a known kind of answer has its page at once. */
import type { documents } from '../../schemas/documents.js';
import type { Operation, Page } from '../http.js';
import { collectionPage, collectionsPage } from './collections.js';
import { documentPage, searchInfoPage, searchListPage } from './document.js';
import { itemPage } from './item.js';
import { itemsPage } from './items.js';
import { conformancePage, landingPage } from './landing.js';
import { queryablesPage } from './queryables.js';

const PAGES: Partial<Record<keyof typeof documents, Page>> = {
  landing: landingPage,
  conformance: conformancePage,
  collections: collectionsPage,
  collection: collectionPage,
  items: itemsPage,
  item: itemPage,
  queryables: queryablesPage,
  searchInfo: searchInfoPage,
  searchList: searchListPage,
};

const byName: Readonly<Record<string, Page | undefined>> = PAGES;

/** The page of an operation: its own, else that of the schema its 200 refers to, else one that shows any JSON. */
export function pageOf({ page, answers }: Operation): Page {
  const ref = answers[200]?.schema?.['$ref'];
  const name = typeof ref === 'string' ? ref.split('/').at(-1) : undefined;
  return page ?? (name === undefined ? undefined : byName[name]) ?? documentPage;
}
