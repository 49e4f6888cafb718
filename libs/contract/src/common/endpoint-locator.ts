/** Where an API can be reached: an absolute URI, today http or https. (`common/endpoint_locator.schema.json`) */
export type EndpointLocator = string;
