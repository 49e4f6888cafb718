/**
 * The scope that a quota counts: the one it names, or the only one with that action.
 *
 * @returns undefined when none of the scopes is meant, or it is not clear which
 */
export function scopeOfQuota(scopes: readonly string[], action: string): string | undefined {
  if (action.includes(':')) return scopes.includes(action) ? action : undefined;
  const meant = [...new Set(scopes)].filter((scope) => scope.slice(scope.indexOf(':') + 1) === action);
  return meant.length === 1 ? meant[0] : undefined;
}
