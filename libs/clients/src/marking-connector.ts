import { buildConnector } from 'undici';
import { NotSentError } from './peer-errors.js';

/** Connects within `timeout` milliseconds; what cannot connect has not sent anything, and its error says so. */
export function markingConnector(timeout: number): buildConnector.connector {
  const connect = buildConnector({ timeout });
  return (options, callback) => {
    connect(options, (...[error, socket]) => {
      if (error === null) callback(null, socket);
      else callback(new NotSentError(error), null);
    });
  };
}
