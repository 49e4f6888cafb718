import {
  BooleanField,
  IntegerField,
  JsonObjectField,
  NumberField,
  ObjectArrayField,
  ObjectField,
  StringField,
  EnumField,
} from '#contract';

/** About a call. */
export class CallMetadata {
  @StringField()
  agent_id!: string;

  @StringField()
  agent_name!: string;

  @StringField()
  tool!: string;

  @StringField()
  action!: string;

  @NumberField({ minimum: 0 })
  response_time_ms!: number;

  @StringField()
  correlation_id!: string;

  @BooleanField({ optional: true, description: 'The answer was had from the upstream some seconds ago.' })
  cached?: boolean;

  @BooleanField({ optional: true, description: 'The answer is the first to this idempotency key.' })
  idempotent_replay?: boolean;
}

/** The answer of a tool. */
export class ProxyAnswer {
  @BooleanField()
  success!: boolean;

  @JsonObjectField({ description: 'The outputs of the action, after the filters of the policies.' })
  data!: Record<string, unknown>;

  @ObjectField(() => CallMetadata)
  metadata!: CallMetadata;
}

/** An asynchronous call was accepted. */
export class JobAccepted {
  @StringField()
  job_id!: string;

  @EnumField(['queued'])
  status!: 'queued';
}

/** What the gateway can do. */
export class ProxyStatus {
  @EnumField(['operational'])
  status!: 'operational';

  @StringField({ format: 'date-time' })
  timestamp!: string;

  @JsonObjectField({ description: 'By tool: whether it needs no credential, or has an active one.' })
  configured_tools!: Record<string, boolean>;

  @JsonObjectField({ description: 'By tool: the names of its actions.' })
  available_actions!: Record<string, string[]>;
}

/** A call, as the log has it. */
export class LoggedCall {
  @StringField()
  id!: string;

  @StringField()
  corrId!: string;

  @StringField()
  agentId!: string;

  @StringField()
  tool!: string;

  @StringField()
  action!: string;

  @IntegerField({ description: 'In milliseconds.' })
  responseTime!: number;

  @IntegerField()
  statusCode!: number;

  @BooleanField()
  success!: boolean;

  @StringField({ optional: true, description: 'The code of the error.' })
  errorMessage?: string;

  @BooleanField()
  cached!: boolean;

  @StringField({ optional: true })
  jobId?: string;

  @StringField({ format: 'date-time' })
  createdAt!: string;
}

export class CallLog {
  @ObjectArrayField(() => LoggedCall)
  logs!: LoggedCall[];

  @IntegerField({ description: 'How many are on this page.' })
  total!: number;

  @StringField({ format: 'date-time' })
  timestamp!: string;
}

export class GatewayHealth {
  @EnumField(['healthy'])
  status!: 'healthy';

  @StringField({ format: 'date-time' })
  timestamp!: string;

  @NumberField({ description: 'In seconds.' })
  uptime!: number;

  @StringField()
  version!: string;
}

export class GatewayReadiness {
  @BooleanField()
  ready!: boolean;

  @StringField({ format: 'date-time' })
  timestamp!: string;

  @JsonObjectField({ description: 'By what it needs: whether that answers.' })
  checks!: Record<string, boolean>;
}
