// Holds every answer of the engine against the contract that it serves itself.
import add_formats from 'ajv-formats';
import Ajv from 'ajv/dist/2020.js';

const methods = ['get', 'post', 'put', 'patch', 'delete'];
const problem_pointer = '#/components/responses/Problem';

const escape = (key) => key.replaceAll('~', '~0').replaceAll('/', '~1');
const pattern_of = (path) => new RegExp(`^${path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}/?$`);

/** Members that a schema does not name are a fault too: the client that reads the contract does not know them. */
function close_objects(node, document, inside_all_of = false) {
  if (Array.isArray(node)) return node.map((item) => close_objects(item, document, inside_all_of));
  if (node === null || typeof node !== 'object') return node;
  // What is part of something bigger must not be closed by itself.
  if (inside_all_of && node.$ref) return find(document, node.$ref);
  const out = Object.fromEntries(Object.entries(node).map(([key, child]) => [key, close_objects(child, document, key === 'allOf')]));
  const is_object = node.properties !== undefined || node.allOf !== undefined;
  if (is_object && !inside_all_of && node.additionalProperties === undefined) out.unevaluatedProperties = false;
  return out;
}
const find = (document, pointer) => pointer.split('/').slice(1).reduce((at, key) => at[key.replaceAll('~1', '/').replaceAll('~0', '~')], document);

export class Contract {
  /** Nothing while the engine serves none: it is sealed. */
  static async of(base) {
    const answer = await fetch(`${base}/openapi.json`);
    return answer.ok ? new this(await answer.json()) : undefined;
  }

  constructor(document) {
    this.document = document;
    this.ajv = new Ajv({ strict: false, allErrors: true, validateSchema: false });
    add_formats(this.ajv);
    this.ajv.addSchema(close_objects(document, document), 'contract');
    this.paths = Object.keys(document.paths).sort((a, b) => a.split('{').length - b.split('{').length)
      .map((path) => ({ path, pattern: pattern_of(path) }));
  }

  /** Every [method, path, operation]. */
  operations() {
    return Object.entries(this.document.paths).flatMap(([path, item]) =>
      methods.filter((method) => item[method]).map((method) => [method.toUpperCase(), path, item[method]]));
  }

  /** Throws when the contract does not tell of this answer. `answer`: { status, headers, text }. */
  check(method, path, answer) {
    const known = this.paths.find((entry) => entry.pattern.test(path.split('?')[0]))?.path;
    const operation = known && this.document.paths[known][method.toLowerCase()];
    if (!operation) return this.check_problem(method, path, answer);
    const status = operation.responses[answer.status] ? answer.status : 'default';
    let pointer = `#/paths/${escape(known)}/${method.toLowerCase()}/responses/${status}`;
    let response = operation.responses[status];
    if (!response || (status === 'default' && answer.status < 400)) throw this.fault(method, path, answer, 'the contract knows no such status');
    if (response.$ref) {
      pointer = response.$ref;
      response = find(this.document, pointer);
    }
    return this.check_content(method, path, answer, response, pointer);
  }

  /** What the contract does not name is refused, in its form of refusals. */
  check_problem(method, path, answer) {
    const from_page = method === 'GET' && answer.status < 400;
    if (from_page || method === 'OPTIONS' || method === 'HEAD') return;
    if (answer.status < 400) throw this.fault(method, path, answer, 'the contract knows no such operation');
    this.check_content(method, path, answer, find(this.document, problem_pointer), problem_pointer);
  }

  check_content(method, path, answer, response, pointer) {
    const type = (answer.headers.get('content-type') ?? '').split(';')[0];
    if (!response.content) {
      if (answer.text !== '') throw this.fault(method, path, answer, 'the contract tells of no body');
      return;
    }
    if (!response.content[type]) throw this.fault(method, path, answer, `the contract tells of no ${type || 'answer without a type'}`);
    if (!type.endsWith('json')) return;
    const validate = this.ajv.getSchema(`contract${pointer}/content/${escape(type)}/schema`);
    if (validate(JSON.parse(answer.text))) return;
    const faults = validate.errors.map((e) => `${e.instancePath || '/'} ${e.message} ${JSON.stringify(e.params)}`);
    throw this.fault(method, path, answer, faults.join('\n'));
  }

  fault(method, path, answer, why) {
    return new Error(`${method} ${path} answered ${answer.status} against the contract: ${why}\n${answer.text.slice(0, 2000)}`);
  }
}
