// Texts of the page of images.

export const images = {
  title: "Images",
  description: "The images on this machine, from which tasks run.",
  find: "Find images",
  empty: "No images",
  emptyDetail: "An image is pulled when a task needs it. You can also add images with moyai image pull, load or import, or docker push. Simulated tasks need no images.",
  name: "Image",
  source: "Source",
  imported: "Imported or loaded",
  platform: "Platform",
  size: "Size",
  digest: "Digest",
  usedBy: "Used by",
  nobody: "No task",
  more: (count: number) => `and ${count} more`,
  remove: {
    open: "Remove",
    title: (name: string) => `Remove ${name}`,
    effect: "The name and the layers that no other image needs are removed. The next task with this image pulls it again.",
    effectInUse: (count: number) => `${count === 1 ? "A task uses" : `${count} tasks use`} this image, and keeps running. Layers are deleted when no task needs them any more. The next task with this image pulls it again.`,
    action: "Remove image",
    done: (name: string) => `Image ${name} removed`,
  },
  pulls: { title: "Pulls in progress", task: (image: string, container: string) => `${image} for ${container}`, size: (received: string, total: string) => `${received} of ${total} MB`, source: (source: string) => `From ${source}` },
} as const;
