import type { CallbackRequest } from './callbackRequest.js';
import type { DeliveryView } from './deliveryReader.js';

/** What a delivery says in its rule's dialect. Requests are rendered when sent or shown, never stored. */
export interface CallbackRequests {
  render(delivery: Pick<DeliveryView, 'app' | 'rule' | 'events'>): Promise<CallbackRequest>;
  /** The easemob callId or the native webhook-id; null in the tencent dialect. */
  callId(delivery: Pick<DeliveryView, 'app' | 'rule' | 'events'>): string | null;
}

/** Which URLs a callback rule may have. */
export interface CallbackUrls {
  /** One sentence that says why not, or undefined. Looks at the text only; names are checked again when they are resolved. */
  refusal(url: string): string | undefined;
}
