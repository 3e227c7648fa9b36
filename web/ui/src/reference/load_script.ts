/** Loads a script that leaves its library in `window`, as the bundles of both references do. */
export function load_script(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = url;
    script.onload = () => resolve();
    script.onerror = () => reject(new Error(`${url} could not be loaded`));
    document.head.append(script);
  });
}

/** The contract of the engine that serves this page. */
export const contract_url = '/openapi.json';
