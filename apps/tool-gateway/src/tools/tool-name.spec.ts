import { toolNameOf } from './tool-name.js';

describe('toolNameOf', () => {
  it.each([
    ['jarvis.http_fetch.get', 'jarvis.http_fetch', { tool: 'http_fetch', action: 'get' }],
    ['acme.weather.now', 'acme.weather', { tool: 'acme.weather', action: 'now' }],
    ['acme.weather.now.v2', 'acme.weather', { tool: 'acme.weather', action: 'now.v2' }],
    // Of another pack, or of none that is told: the last part.
    ['jarvis.core.echo', 'handlers', { tool: 'core', action: 'echo' }],
    ['acme.weather.now', 'acme.wea', { tool: 'acme.weather', action: 'now' }],
    ['acme.weather.now', undefined, { tool: 'acme.weather', action: 'now' }],
    ['acme.weather.now', '', { tool: 'acme.weather', action: 'now' }],
  ])('of %s in the pack %s', (id, packId, name) => {
    expect(toolNameOf(id, packId)).toEqual(name);
  });

  it.each(['echo', '', '.', 'echo.', '.echo'])('there is none of %j', (id) => {
    expect(toolNameOf(id, undefined)).toBeUndefined();
  });
});
