// Swagger UI over the engine's own contract: reads it, and sends requests with a token that is typed in and kept nowhere.
import bundle_url from 'swagger-ui-dist/swagger-ui-bundle.js?url';
import 'swagger-ui-dist/swagger-ui.css';
import { contract_url, load_script } from './load_script';

interface SwaggerWindow {
  SwaggerUIBundle(options: Record<string, unknown>): unknown;
}

await load_script(bundle_url);
(window as unknown as SwaggerWindow).SwaggerUIBundle({
  url: contract_url,
  dom_id: '#reference',
  deepLinking: true,
  filter: true,
  docExpansion: 'list',
  persistAuthorization: false,
  // Never ask anybody else whether the contract is right.
  validatorUrl: null,
});
