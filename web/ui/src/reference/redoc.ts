// ReDoc over the engine's own contract: to read and to search.
import bundle_url from 'redoc/bundles/redoc.standalone.js?url';
import { contract_url, load_script } from './load_script';

interface RedocWindow {
  Redoc: { init(url: string, options: Record<string, unknown>, element: HTMLElement | null): void };
}

await load_script(bundle_url);
(window as unknown as RedocWindow).Redoc.init(contract_url, {}, document.querySelector<HTMLElement>('#reference'));
