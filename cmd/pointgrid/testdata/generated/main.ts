// A partner's program, on the types that openapi-typescript made of exchange.yaml.
import type { components, operations } from "./exchange";

type QuoteRequest = operations["createQuote"]["requestBody"]["content"]["application/json"];
type Quote = components["schemas"]["Quote"];
type Conversion = components["schemas"]["Conversion"];
type Problem = components["schemas"]["Problem"];

const [url, token, link] = process.argv.slice(2);

async function post<T>(path: string, body: object, headers: Record<string, string> = {}): Promise<T> {
  const answer = await fetch(url + path, {
    method: "POST",
    headers: { Authorization: "Bearer " + token, "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  if (!answer.ok) {
    const problem = (await answer.json()) as Problem;
    throw new Error(problem.code + ": " + problem.detail);
  }
  return (await answer.json()) as T;
}

async function main() {
  const wanted: QuoteRequest = { source: "SKY", destination: "EPT", amount: "1000" };
  const quote = await post<Quote>("/v1/quotes", wanted);
  const made = await post<Conversion>("/v1/conversions", { quote_id: quote.id, link_id: link }, { "Idempotency-Key": "generated-ts" });
  console.log(made.status, made.amount);
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
