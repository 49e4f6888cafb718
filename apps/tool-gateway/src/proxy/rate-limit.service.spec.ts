import { AppError } from '#contract';
import type { Database } from '#database';
import type { ToolGatewayOptions } from '../tool-gateway-options.js';
import { RateLimitService } from './rate-limit.service.js';

describe('RateLimitService', () => {
  it('lets nothing through when nobody can count', async () => {
    const away = { query: () => Promise.reject(new AppError('database_unavailable')) } as unknown as Database;
    const limit = new RateLimitService(away, { ratePerMinute: 10 } as ToolGatewayOptions);
    await expect(limit.consume('agent', 'tool')).rejects.toMatchObject({ code: 'database_unavailable' });
  });
});
