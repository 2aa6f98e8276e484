// Words of the terminal in a container.

export const exec = {
  tab: "Terminal",
  title: "Terminal",
  description: "A command inside a container, by ECS Exec. It runs as root, and ends when you leave this tab.",
  container: "Container",
  command: "Command",
  connect: "Connect",
  disconnect: "End session",
  opening: "Opening",
  open: "Connected",
  ended: (code: number) => `The command has ended with exit code ${code}`,
  lost: (reason: string) => (reason ? `The session has ended: ${reason}` : "The session has ended"),
  refused: "The session is refused",
  terminal: (container: string) => `Terminal in ${container}`,
  off: "ECS Exec is off for this task",
  offDetail: "A task can be entered when its service, or RunTask, allowed it at its start: turn ECS Exec on in the service and deploy again.",
  notRunning: "This task is not running",
  notRunningDetail: "Only containers that run can be entered.",
} as const;
