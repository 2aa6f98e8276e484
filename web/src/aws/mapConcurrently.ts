const CONCURRENT_REQUESTS = 4;

/** The results of a request for each item, in the order of the items. Only a few requests are under way at the same time. */
export async function mapConcurrently<Item, Result>(items: readonly Item[], request: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (let from = 0; from < items.length; from += CONCURRENT_REQUESTS) {
    results.push(...(await Promise.all(items.slice(from, from + CONCURRENT_REQUESTS).map(request))));
  }
  return results;
}
