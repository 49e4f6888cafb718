import type { ArgumentMetadata, PipeTransform, Type } from '@nestjs/common';
import { fieldsOf, readRequest } from '#contract';

/** Reads every `@Body()` strictly as the contract class that the handler declares. Other parameters pass untouched. */
export class ContractPipe implements PipeTransform {
  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    const declared = metadata.metatype as Type<object> | undefined;
    if (metadata.type !== 'body' || declared === undefined || fieldsOf(declared).size === 0) return value;
    return readRequest(declared, value);
  }
}
