import { EnumField, ObjectField, StringArrayField, StringField } from '../fields/fields.js';

export const NODE_PACK_STATES = ['loaded', 'refused'] as const;
export const NODE_PACK_ISOLATIONS = ['in_process', 'process'] as const;

/** Why a node pack was refused. */
export class NodePackRefusal {
  @StringField({ description: 'Stable code; docs/errors.md lists them.' })
  code!: string;

  @StringField({ description: 'What is wrong and what to do.' })
  message!: string;
}

/** An npm package with nodes, as an atomic executor found it. (beyond the standard) */
export class NodePack {
  @StringField({ description: 'Name of the npm package; the folder where the name is not known.' })
  package_name!: string;

  @StringField({ optional: true, description: 'Absent when the package was refused before its packs were read.' })
  pack_id?: string;

  @StringField({ optional: true })
  version?: string;

  @EnumField(NODE_PACK_STATES)
  state!: (typeof NODE_PACK_STATES)[number];

  @EnumField(NODE_PACK_ISOLATIONS, {
    optional: true,
    description: 'in_process: in the process of the executor. process: in processes of its own.',
  })
  isolation?: (typeof NODE_PACK_ISOLATIONS)[number];

  @StringArrayField({ optional: true, description: 'Node types that this executor can run of it.' })
  node_type_ids?: string[];

  @StringArrayField({ optional: true, description: 'Permissions that the pack asks for.' })
  permissions_requested?: string[];

  @StringArrayField({ optional: true, description: 'Those of them that the operator has granted.' })
  permissions_granted?: string[];

  @ObjectField(() => NodePackRefusal, { optional: true })
  refusal?: NodePackRefusal;
}
