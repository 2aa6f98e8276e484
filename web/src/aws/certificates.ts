// The client of AWS Certificate Manager: certificates for listeners.

import { ACMClient, type CertificateSummary, paginateListCertificates } from "@aws-sdk/client-acm";
import { clientFactory, type Target } from "./config.ts";

const acm = clientFactory(ACMClient);

export async function readCertificates(target: Target): Promise<CertificateSummary[]> {
  const certificates: CertificateSummary[] = [];
  for await (const page of paginateListCertificates({ client: acm(target) }, {})) certificates.push(...(page.CertificateSummaryList ?? []));
  return certificates;
}
