/** `ENOENT` and its kind where there is one, else what the error says. */
export function fileErrorCode(error: unknown): string {
  const hasCode = typeof error === 'object' && error !== null && 'code' in error;
  return hasCode ? String(error.code) : String(error);
}
