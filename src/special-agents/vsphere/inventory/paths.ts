/** The properties that are asked for (vsphere.md#properties). */

const host = [
  'name',
  'overallStatus',
  'summary.quickStats.overallMemoryUsage',
  'summary.quickStats.overallCpuUsage',
  'hardware.cpuPkg',
  'hardware.pciDevice',
  'hardware.memorySize',
  'hardware.biosInfo.biosVersion',
  'hardware.biosInfo.releaseDate',
  'hardware.cpuInfo.hz',
  'hardware.cpuInfo.numCpuThreads',
  'hardware.cpuInfo.numCpuPackages',
  'hardware.cpuInfo.numCpuCores',
  'hardware.systemInfo.model',
  'hardware.systemInfo.uuid',
  'hardware.systemInfo.vendor',
  'hardware.systemInfo.otherIdentifyingInfo',
  'config.storageDevice.multipathInfo',
  'config.product.vendor',
  'config.product.licenseProductName',
  'config.product.osType',
  'config.product.version',
  'config.product.build',
  'runtime.powerState',
  'runtime.inMaintenanceMode',
] as const;

export const numericSensors = 'runtime.healthSystemRuntime.systemHealthInfo.numericSensorInfo';

export const hardwareSensors = [
  'runtime.healthSystemRuntime.hardwareStatusInfo.storageStatusInfo',
  'runtime.healthSystemRuntime.hardwareStatusInfo.cpuStatusInfo',
  'runtime.healthSystemRuntime.hardwareStatusInfo.memoryStatusInfo',
] as const;

export const hostPaths: readonly string[] = [...host, numericSensors, ...hardwareSensors];

const machineStats = [
  'consumedOverheadMemory',
  'overallCpuDemand',
  'distributedCpuEntitlement',
  'distributedMemoryEntitlement',
  'uptimeSeconds',
  'sharedMemory',
  'privateMemory',
  'balloonedMemory',
  'staticMemoryEntitlement',
  'overallCpuUsage',
  'compressedMemory',
  'swappedMemory',
  'guestMemoryUsage',
  'staticCpuEntitlement',
  'hostMemoryUsage',
];

export const machinePaths: readonly string[] = [
  'name',
  'config.guestFullName',
  'config.version',
  'config.uuid',
  'config.template',
  'config.datastoreUrl',
  'config.hardware.numCPU',
  'config.hardware.numCoresPerSocket',
  'config.hardware.memoryMB',
  'config.hardware.device',
  'runtime.host',
  'runtime.powerState',
  'guest.toolsVersion',
  'guest.toolsVersionStatus',
  'guestHeartbeatStatus',
  'summary.guest.hostName',
  'summary.config.ftInfo.role',
  'snapshot.rootSnapshotList',
  ...machineStats.map((name) => `summary.quickStats.${name}`),
];

export const datastorePaths: readonly string[] = [
  'name',
  'summary.freeSpace',
  'summary.capacity',
  'summary.uncommitted',
  'summary.url',
  'summary.accessible',
  'summary.type',
  'summary.maintenanceMode',
];
