// @ts-check

export const organization = 'acme';
export const application = 'im';
export const appPath = `/${organization}/${application}`;
export const token =
  'YWM_bench_token_of_about_the_same_length_as_the_one_that_recalld_gives_to_the_app_backend';

/**
 * The answer of a call, as long as the one of recalld.
 *
 * @param {string} path
 * @param {object} data
 * @param {number} began
 */
export function envelope(path, data, began) {
  const now = Date.now();
  return {
    path,
    uri: `http://127.0.0.1:8080${appPath}${path}`,
    timestamp: now,
    organization,
    application: '09ebbf8b-5d55-4c1f-9a5c-d47c3b38e434',
    action: 'post',
    data,
    duration: now - began,
    applicationName: application,
  };
}
