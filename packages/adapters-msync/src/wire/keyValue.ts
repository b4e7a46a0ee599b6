export const valueTypes = {
  bool: 1,
  int: 2,
  uint: 3,
  longInt: 4,
  float: 5,
  double: 6,
  string: 7,
  jsonString: 8,
} as const;

/** One named value of an extension, as it is on the wire. */
export interface KeyValue {
  readonly key?: string;
  /** One of {@link valueTypes}, when an SDK sent it. */
  readonly type?: number;
  /** As decimal text. */
  readonly varintValue?: string;
  readonly floatValue?: number;
  readonly doubleValue?: number;
  readonly stringValue?: string;
}
