import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Points used per window, as rate-limiter-flexible keeps them. */
@Entity('tool_rate_limits')
export class ToolRateLimitEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'tool_rate_limits_pkey' })
  key!: string;

  @Column({ type: 'integer', default: 0 })
  points!: number;

  /** Milliseconds since 1970. */
  @Column({ type: 'bigint', nullable: true })
  expire!: string | null;
}
